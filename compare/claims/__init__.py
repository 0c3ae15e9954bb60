"""The claim ledger: scenarios decide which claims of a discussion hold on which variant."""
