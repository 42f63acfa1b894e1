"""What each layer must equal, in pure JAX, and how closely it does."""
