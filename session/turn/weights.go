package turn

// Fitted are the weights that tamis eval conversation --fit finds on CAsT 2019.
var Fitted = Weights{}
