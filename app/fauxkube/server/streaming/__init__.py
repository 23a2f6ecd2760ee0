"""What a request turns into when it is answered bit by bit by a pod's containers: exec, attach, port-forward and logs.

The first three take their connection over, as WebSocket or SPDY/3.1; what runs in the pod is `Containers`' affair.
Imported when it is first asked for.
"""
