"""Iceberg tables at run time: contracts and their migrations, tags that keep a model's data, arrivals."""
