package manuscript

import "strings"

// Entity is the sign that Org and LaTeX call by a name; "" for none.
func Entity(name string) string { return signs[name] }

var signs = func() map[string]string {
	m := map[string]string{}
	f := strings.Fields(`alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ
		phi φ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
		times × cdot · div ÷ pm ± mp ∓ leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ approx ≈ equiv ≡ sim ∼ propto ∝ infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ sqrt √ in ∈ notin ∉ subset ⊂ subseteq ⊆ cup ∪ cap ∩ emptyset ∅
		forall ∀ exists ∃ neg ¬ land ∧ lor ∨ to → rightarrow → leftarrow ← Rightarrow ⇒ Leftarrow ⇐ leftrightarrow ↔ mapsto ↦ uparrow ↑ downarrow ↓ rarr → larr ← ldots … dots … cdots ⋯ hellip … deg ° circ ∘ bullet • textbullet •
		copyright © textcopyright © reg ® textregistered ® texttrademark ™ trade ™ S § P ¶ pounds £ euro € texteuro € yen ¥ dag † dagger † ddagger ‡ langle ⟨ rangle ⟩ ndash – mdash — textendash – textemdash —
		lq ‘ rq ’ laquo « raquo » textquoteleft ‘ textquoteright ’ textquotedblleft “ textquotedblright ” textquotesingle ' textbackslash \ textasciitilde ~ textasciicircum ^ textbar | textless < textgreater > textunderscore _
		textdegree ° ss ß ae æ AE Æ oe œ OE Œ aa å AA Å o ø O Ø l ł L Ł i ı j ȷ star ⋆ ast ∗ oplus ⊕ otimes ⊗ ll ≪ gg ≫ Re ℜ Im ℑ aleph ℵ hbar ℏ ell ℓ prime ′ angle ∠ perp ⊥ parallel ∥ cong ≅ vdash ⊢ models ⊨ checkmark ✓
		LaTeX LaTeX TeX TeX LaTeXe LaTeX2e BibTeX BibTeX textellipsis … lbrace { rbrace } lbrack [ rbrack ] backslash \ colon :`)
	for i := 0; i+1 < len(f); i += 2 {
		m[f[i]] = f[i+1]
	}
	m["quad"], m["qquad"] = " ", " "
	m["nbsp"], m["thinsp"] = " ", " "
	return m
}()
