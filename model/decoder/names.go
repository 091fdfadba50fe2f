package decoder

import (
	"regexp"
	"strings"
)

var (
	inLayer  = regexp.MustCompile(`^(?:model\.|transformer\.)?(?:layers|h)\.(\d+)\.(.+)\.(weight|bias)$`)
	ofExpert = regexp.MustCompile(`^(?:mlp|block_sparse_moe)\.experts\.(\d+)\.(gate_proj|up_proj|down_proj|w1|w2|w3)$`)
	outside  = regexp.MustCompile(`^(?:model\.|transformer\.)?(.+)$`)
)

// outer are the tensors that stand in no layer.
var outer = map[string]string{
	"embed_tokens.weight": "token_embd.weight", "wte.weight": "token_embd.weight", "wpe.weight": "position_embd.weight", "norm.weight": "output_norm.weight",
	"ln_f.weight": "output_norm.weight", "ln_f.bias": "output_norm.bias", "lm_head.weight": "output.weight",
}

// inner are those of a layer.
var inner = map[string]string{
	"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
	"self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
	"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp",
	"mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
	"mlp.shared_expert_gate": "ffn_gate_inp_shexp", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
	"ln_1": "attn_norm", "ln_2": "ffn_norm", "self_attn.gates": "attn_gates", "self_attn.own": "attn_own", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}

// ofExperts are the matrices of an expert.
var ofExperts = map[string]string{"gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down", "w1": "ffn_gate", "w3": "ffn_up", "w2": "ffn_down"}

// namesOf gives the tensors of a folder the names that they have in a GGUF file, and says which
// lie there with inputs first; "" for those that are not read.
func namesOf(architecture string) func(name string) (as string, flipped bool) {
	shape := shapes[architecture]
	return func(name string) (string, bool) {
		m := inLayer.FindStringSubmatch(name)
		if m == nil {
			return outer[outside.FindStringSubmatch(name)[1]], false
		}
		layer, part, kind := "blk."+m[1]+".", m[2], "."+m[3]
		if e := ofExpert.FindStringSubmatch(part); e != nil {
			return layer + ofExperts[e[2]] + "." + e[1] + kind, false
		}
		for _, f := range factors {
			if of, ok := strings.CutSuffix(part, f); ok && inner[of] != "" && kind == ".weight" {
				return layer + inner[of] + f + kind, false
			}
		}
		as := inner[part]
		if shape.after && part == "post_attention_layernorm" {
			as = "post_attention_norm"
		}
		if as == "" {
			return "", false
		}
		return layer + as + kind, shape.first && kind == ".weight" && part != "ln_1" && part != "ln_2"
	}
}
