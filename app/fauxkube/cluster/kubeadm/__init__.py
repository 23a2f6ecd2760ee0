"""A cluster bootstrapped step by step, as kubeadm does: `init`, bootstrap tokens, and nodes that `join`.

Everything goes through the client protocol, so that what is made here is made as kubeadm makes it: by requests.
"""
