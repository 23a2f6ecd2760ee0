"""Who sends a request, and with what they prove it: tokens, certificates, and the authority that signs them."""
