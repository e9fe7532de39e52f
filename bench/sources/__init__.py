"""What bad sources cost the good ones."""
