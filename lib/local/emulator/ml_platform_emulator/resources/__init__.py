"""Handlers for CloudFormation resource types."""
