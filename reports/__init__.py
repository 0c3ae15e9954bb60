"""Reports: the result of a comparison in forms for terminals, browsers, mails, forges and CI."""
