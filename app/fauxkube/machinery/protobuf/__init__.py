"""Objects in Kubernetes' protobuf: the wire format, the numbers of the fields, and the JSON that they stand for."""
