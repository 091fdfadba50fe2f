package opensearch

// Filled is filled.
var Filled = filled
