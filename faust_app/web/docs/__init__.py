"""What the HTTP interface is, told by itself: OpenAPI from the routes and models, and a page of it."""
