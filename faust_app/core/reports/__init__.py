"""What a shop's own people see: who is let in, what they can mend, and in which words they are told."""
