package index

// For the tests of package index_test.
var (
	Repair     = repair
	RandomRows = randomRows
)
