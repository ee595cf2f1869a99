// The validator that ships with aws-cdk-lib costs seconds a test file. Unit tests run without it;
// test/conformance runs it over every stack and example.
process.env.CDK_VALIDATION ??= 'false';
