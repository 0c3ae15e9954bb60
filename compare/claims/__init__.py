"""Judge the claims of a discussion: scenarios decide which hold on which variant."""
