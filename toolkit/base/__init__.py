"""Ground floor: errors, names, numbers, texts and files that every other room may use."""
