"""The command line: one file a group of commands; it reads options, asks the rooms below, and prints."""
