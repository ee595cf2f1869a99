"""The life of a model on the deployed platform, step by step; started by the driver of `npm run local`."""
