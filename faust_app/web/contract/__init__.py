"""What the HTTP interface takes and answers: bodies, parameters, models of answers, and how a handler declares them."""
