package pipeline_test

// memberEnv makes the test binary a member of a group instead of a test.
const memberEnv = "HALTWIRE_TEST_MEMBER"

func runMember() {}
