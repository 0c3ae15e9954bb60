"""Find scenarios and variants that load but show nothing, by running them."""
