package turn

// Fitted are the weights that tamis eval conversation --fit finds on CAsT 2019.
var Fitted = Weights{
	always: -2.39, hasPronoun: -.16, isShort: .26, hasArticle: .33, contents: -1.18, nothingNamed: -.27, definesAnew: -.15, namesAnew: -.8,
	inLast: .59, inFocus: .39, inTopic: .18, pronounInLast: .76, pronounInFocus: .02, pronounInTopic: .07, emptyInFocus: .93,
	inFirst: 1.85, firstLeft: .72, age: -.68, isGeneral: -1.62, isCapital: 1.05, afterPreposition: .35, isVerb: -.64, isSubject: .19, pronounSubject: .97,
}
