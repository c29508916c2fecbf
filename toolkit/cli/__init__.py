"""The command line: one file a group of commands; it reads, asks the rooms below, and prints."""
