"""The request pipelines as plain async calls, the one way into the store.

Defaulting, admission, strategy, validation, allocation and the write itself happen here for every kind alike; lower
rooms' errors become `Status` errors here and nowhere else.
"""
