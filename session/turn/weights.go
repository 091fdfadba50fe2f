package turn

// Fitted are the weights that tamis eval conversation --fit finds on CAsT 2019.
var Fitted = Weights{
	always: -2.49, hasPronoun: -.11, isShort: .24, hasArticle: .33, contents: -1.15, nothingNamed: -.28, definesAnew: -.23, namesAnew: -.76,
	inLast: .64, inFocus: .46, inTopic: .21, pronounInLast: .68, pronounInFocus: .24, pronounInTopic: -.02, emptyInFocus: .87,
	inFirst: 1.85, firstLeft: .81, age: -.61, isGeneral: -1.61, isCapital: 1.08, afterPreposition: .33, isVerb: -.68, isSubject: .12, pronounSubject: 1,
}
