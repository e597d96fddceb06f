"""What a person at the screen changes about one employee: a correction, a change of the world, two records of one person."""
