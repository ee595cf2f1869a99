"""The laptop edition of AWS: ministack, extended so that this platform's stacks deploy and really run."""
