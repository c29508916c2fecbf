"""Evidence desk: figures in, without loss; their history; templates to fill in."""
