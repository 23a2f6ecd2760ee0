"""The subresources that are not a view of the object's status: binding, eviction, finalize and scale."""
