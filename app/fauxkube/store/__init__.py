"""One log, many views: keys, bytes and revisions. This room knows no kinds.

A `Store` keeps the current value of every key in a view in memory, backed by a `Log` that makes changes durable:
nothing at all (`log.NullLog`), or a SQL database (`sql.SqlLog`). The log's row number is the revision, Kubernetes'
`resourceVersion`.
"""
