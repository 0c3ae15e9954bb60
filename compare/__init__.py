"""Running scenarios on variants, finding where their traces part, and judging the difference."""
