"""Work that goes on where it stopped: what is done of it, in a file that clients may share."""
