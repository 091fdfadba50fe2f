package hub

import (
	"path"
	"slices"
	"strings"
)

// Known is a published model that is worth a name.
type Known struct {
	Name     string `json:"name"`
	Repo     string `json:"repo"`
	Revision string `json:"revision"` // a commit where it is pinned
	Licence  string `json:"licence"`
	For      string `json:"for"`
}

// List is a short list of models, those that are for most people first.
func List() []Known {
	return []Known{
		{"minilm", "sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf", "Apache-2.0", "English, small and fast: 384 numbers, 91 MB"},
		{"bge-small", "BAAI/bge-small-en-v1.5", "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a", "MIT", "English, better and half as fast: 384 numbers, 133 MB"},
		{"e5-small", "intfloat/multilingual-e5-small", "614241f622f53c4eeff9890bdc4f31cfecc418b3", "MIT", "a hundred languages: 384 numbers, 471 MB"},
		{"doc-v3", "opensearch-project/opensearch-neural-sparse-encoding-doc-v3-distill", main, "Apache-2.0", "learned sparse vectors of documents, English"},
		{"provence", "hotchpotch/open-provence-reranker-xsmall-v1", main, "MIT", "reranks and prunes, English and Japanese"},
		{"smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct", main, "Apache-2.0", "a chat model of 135 million weights, English"},
	}
}

// Named is a model of the list by its name, or one that is named as OWNER/MODEL.
func Named(name string) (Known, bool) {
	for _, k := range List() {
		if k.Name == name || k.Repo == name {
			return k, true
		}
	}
	owner, model, ok := strings.Cut(name, "/")
	return Known{Name: name, Repo: name, Revision: main}, ok && segment(owner) && segment(model)
}

// main is the branch of a repository that is meant where no commit is.
const main = "main"

// needed says which files of a repository a model is made of: what its folder says about
// itself, its tokenizer and its weights; in ONNX where there are no others.
func needed(all []file) []file {
	weights := func(name string) bool { return strings.HasSuffix(name, ".safetensors") }
	if !slices.ContainsFunc(all, func(f file) bool { return weights(f.Name) && path.Dir(f.Name) == "." }) {
		weights = func(name string) bool {
			return strings.HasSuffix(name, "/model.onnx") || strings.HasSuffix(name, "/model.onnx_data") || name == "model.onnx"
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(f file) bool {
		dir, name := path.Split(f.Name)
		switch {
		case weights(f.Name):
			return false
		case dir == "":
			return !slices.Contains([]string{".json", ".txt", ".model"}, path.Ext(name)) && !strings.HasPrefix(name, "LICENSE")
		}
		// The modules of a sentence encoder: 1_Pooling/config.json, document_1_SpladePooling/config.json.
		return !(dir[0] >= '0' && dir[0] <= '9') && !strings.HasPrefix(dir, "document_")
	})
}
