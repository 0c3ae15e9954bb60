"""Real kernels: booted in QEMU, driven through an agent in the guest, and recorded."""
