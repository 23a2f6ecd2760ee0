"""Faults: rules by which a cluster goes wrong on purpose.

A fault is written as plain JSON, whoever types it (YAML, HTTP, Python):

    {"kind": "pod", "match": {"namespace": "shop", "name": "web-*"}, "effect": {"type": "crash", "exitCode": 3},
     "count": 2, "probability": 0.5, "after": "10s", "for": "5m"}

| Field         | Meaning                                                                 | Left out        |
| ------------- | ----------------------------------------------------------------------- | --------------- |
| `kind`        | Which family: `request`, `node`, `pod`, `controller` (a module each)    | required        |
| `match`       | What it hits: every field named must match; the fields are the family's | all of its kind |
| `effect`      | What happens: `{"type": ..., options}`, or just the type as text        | required        |
| `count`       | It hits so often and no more                                            | without end     |
| `probability` | How likely a hit is, 0 to 1, drawn from the cluster's chance each time  | 1, so always    |
| `after`       | How long it waits before it begins, on the cluster's clock              | begins at once  |
| `for`         | How long it lasts from then on                                          | until removed   |

Texts in `match` are globs (`web-*`, `?`, `[ab]`), or lists of globs of which one must match; `labels` is a label
selector (`app=web,tier in (a, b)`) or an object of labels. Durations are seconds, or texts such as `500ms`, `1m30s`.
Whatever a fault does not know it refuses (`FaultError`, which names the field).

Some effects strike: each request, crash or pull is a hit. Others last: a hit is the node or container that the fault
takes hold of, decided once for each and kept until the fault ends. A fault that has hit `count` times is `exhausted`:
it takes nothing more, and lets go of nothing that it holds.

A fork of a cluster goes on with the faults that it has; snapshot files hold none.
"""
