"""What a scenario changes: answers beside business as usual, joint questions, and effort spread over areas."""
