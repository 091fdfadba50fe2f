package turn

// Fitted are the weights that tamis eval conversation --fit finds on CAsT 2019.
var Fitted = Weights{
	always: -2.47, hasPronoun: -0.13, isShort: 0.13, hasArticle: 0.29, contents: -1.27, nothingNamed: -0.34, definesAnew: -0.35, namesAnew: -0.69,
	inLast: 0.69, inFocus: 0.32, inTopic: 0.64, pronounInLast: 0.76, pronounInFocus: 0.22, pronounInTopic: 0.1, emptyInFocus: 0.8, inFirst: 1.65,
	firstLeft: 0.89, age: -0.52, isGeneral: -1.52, isCapital: 1.04, afterPreposition: 0.33, isVerb: -0.69, isSubject: 0.06, pronounSubject: 0.89,
}
