// Modules whose archives hold charts. Nothing is built here: go.sum says what the archives must be.
module cdk-ml-platform/charts

go 1.26.0
