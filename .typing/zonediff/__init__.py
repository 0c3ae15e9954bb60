"""zonediff compares how Linux kernel memory-hotplug patches behave."""
