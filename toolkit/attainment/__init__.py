"""Rules on joint draws: verdict, evidence grade, pace, peers' pace, lines that history wrote. No words, no plots."""
