"""What every other room may use: errors, problems of files, texts and numbers, files and YAML."""
