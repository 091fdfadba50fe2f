package impact

// Fits says whether one segment can hold so many rows and weights.
func Fits(rows int, weights uint64) bool { return rows <= MaxRows && weights <= maxPostings }
