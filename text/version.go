package text

// Version of the analyses. It is to be counted up with every change of what an
// Analyzer of some name returns for a text: indexes are then made anew.
const Version = 3
