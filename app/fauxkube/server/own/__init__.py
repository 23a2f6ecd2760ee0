"""The endpoints that Kubernetes does not have, `/fauxkube/v1/...`: a router a concern, documented at `/docs`.

FastAPI is slow to import, so nothing here is imported before one of these paths is first asked for.
"""
