"""What the integration tests share: a test runner, the command under test, and a scripted cloud."""
