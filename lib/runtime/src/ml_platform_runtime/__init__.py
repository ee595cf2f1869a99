"""The Python that runs inside cdk-ml-platform: model server, MLflow registry server and release record."""

__version__ = "0.1.0"
