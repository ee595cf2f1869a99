"""Feast at run time: apply, materialization, training sets, skew."""
