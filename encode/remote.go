package encode

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/vector"
)

const (
	remoteTries   = 4
	remoteBackoff = 500 * time.Millisecond // before the second try, doubled for each that follows
	remoteWait    = 30 * time.Second       // at most before a try, whatever the server asks for
	remoteTimeout = 2 * time.Minute        // of a try
	remoteText    = 24 << 10               // bytes of a text that are sent; no model reads more
	remoteAnswer  = 256 << 10              // bytes of the answer for a text
)

// Remote makes dense vectors with an endpoint that speaks OpenAI's protocol (POST
// …/v1/embeddings). It sends texts and the model's name, nothing else. The key comes
// from $TAMIS_EMBEDDINGS_KEY, else $OPENAI_API_KEY, and is cut out of every error;
// redirects are refused, so that neither goes where nobody sent it.
//
// A request that meets no server, or 408, 429 or 5xx, is tried again a few times. What
// is not a vector for each text, with as many finite numbers as the first, is an error.
type Remote struct {
	address, endpoint, shown, model, key string

	client  *http.Client
	backoff time.Duration
	width   int
}

// IsRemote says whether a name is that of an endpoint, not of a folder.
func IsRemote(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// OpenRemote asks an endpoint, http://HOST/v1#MODEL, how many numbers its vectors have.
func OpenRemote(ctx context.Context, address string) (*Remote, error) {
	u, err := url.Parse(address)
	if err != nil || !IsRemote(address) || u.Host == "" {
		return nil, errors.New("the endpoint for vectors is no http or https URL; it looks like http://localhost:8080/v1#MODEL") // it may hold a secret
	}
	if u.User != nil || u.RawQuery != "" {
		return nil, fmt.Errorf("the URL of the endpoint at %s holds a user name or a query, which an index would keep: put the key into $TAMIS_EMBEDDINGS_KEY", screen.Name(u.Host))
	}
	r := &Remote{address: address, model: u.Fragment, key: cmp.Or(os.Getenv("TAMIS_EMBEDDINGS_KEY"), os.Getenv("OPENAI_API_KEY")), backoff: remoteBackoff}
	if strings.ContainsAny(r.key, "\r\n") {
		return nil, errors.New("the key in $TAMIS_EMBEDDINGS_KEY or $OPENAI_API_KEY holds a line break; set it again without one")
	}
	u.Fragment, u.RawFragment = "", ""
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	if !strings.HasSuffix(u.Path, "/embeddings") {
		if u.Path == "" {
			u.Path = "/v1"
		}
		u.Path += "/embeddings"
	}
	r.endpoint, r.shown = u.String(), screen.Name(u.String())
	r.client = &http.Client{
		Timeout: remoteTimeout,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			DisableCompression:  true, // a few bytes could unpack without end
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	first, err := r.vectors(ctx, []string{"a"})
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.width = len(first[0].(vector.Dense))
	return r, nil
}

// Name is that of the endpoint, the model and the width. What stands behind an
// endpoint, nobody here can see.
func (r *Remote) Name() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%d %s %q %d", version, r.endpoint, r.model, r.width))
	return fmt.Sprintf("remote:%x", h[:8])
}

// Place is the address.
func (r *Remote) Place() string { return r.address }

// Kind is that of the vectors.
func (r *Remote) Kind() vector.Kind { return vector.KindDense }

// Width is how many numbers a vector has.
func (r *Remote) Width() int { return r.width }

// Close ends the connections.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// All yields the vector of each text, in their order, as that of Encoder does.
// Questions and passages are sent alike.
func (r *Remote) All(ctx context.Context, texts iter.Seq[string], _ Use) iter.Seq2[vector.Value, error] {
	return all(ctx, texts, func(batch []string) ([]vector.Value, error) { return r.vectors(ctx, batch) })
}

// vectors asks for those of a batch, a few times.
func (r *Remote) vectors(ctx context.Context, batch []string) ([]vector.Value, error) {
	body, err := json.Marshal(struct {
		Model  string   `json:"model,omitempty"`
		Input  []string `json:"input"`
		Format string   `json:"encoding_format"`
	}{r.model, inputs(batch), "float"})
	if err != nil {
		return nil, err
	}
	wait := r.backoff
	for try := 1; ; try++ {
		data, after, err := r.post(ctx, body, len(batch))
		if err == nil {
			values, err := r.read(data, len(batch))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.shown, err)
			}
			return values, nil
		}
		if after < 0 || try == remoteTries || ctx.Err() != nil {
			return nil, r.clean(err)
		}
		timer := time.NewTimer(min(max(wait, after), remoteWait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		}
		wait *= 2
	}
}

// inputs are texts as they are sent: none empty, which servers refuse, and none of
// which the end would not be read.
func inputs(batch []string) []string {
	out := make([]string, len(batch))
	for i, text := range batch {
		if len(text) > remoteText {
			end := remoteText
			for !utf8.RuneStart(text[end]) && end > remoteText-utf8.UTFMax {
				end--
			}
			text = text[:end]
		}
		if text == "" {
			text = " "
		}
		out[i] = text
	}
	return out
}

// post sends one request. After says how long the server wants to be left alone before
// it is asked again; less than 0 where that would not help.
func (r *Remote) post(ctx context.Context, body []byte, texts int) (data []byte, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, -1, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		req.Header.Set("Authorization", "Bearer "+r.key)
	}
	res, err := r.client.Do(req)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err
		}
		return nil, 0, fmt.Errorf("%s cannot be reached, is the server up? (%w)", r.shown, err)
	}
	defer res.Body.Close()
	most := int64(texts)*remoteAnswer + 1<<16
	data, err = io.ReadAll(io.LimitReader(res.Body, most+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%s: the answer broke off: %w", r.shown, err)
	case int64(len(data)) > most:
		return nil, -1, fmt.Errorf("%s: the answer for %d texts has more than %d bytes", r.shown, texts, most)
	case res.StatusCode == http.StatusOK:
		return data, 0, nil
	}
	after = -1
	if s := res.StatusCode; s == http.StatusRequestTimeout || s == http.StatusTooManyRequests || s >= 500 {
		after = 0
		if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
			after = min(time.Duration(n)*time.Second, remoteWait)
		}
	}
	return nil, after, fmt.Errorf("%s: %s%s", r.shown, res.Status, said(data))
}

// said is what an error's body says, in a line.
func said(data []byte) string {
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	var of struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(data, &body) == nil && (json.Unmarshal(body.Error, &of.Message) == nil || json.Unmarshal(body.Error, &of) == nil) && of.Message != "" {
		if len(of.Message) > 300 {
			of.Message = of.Message[:300] + "…"
		}
		return ": " + screen.Line(of.Message)
	}
	return ""
}

// clean cuts the key out of an error that a server has had a say in.
func (r *Remote) clean(err error) error {
	if r.key != "" && strings.Contains(err.Error(), r.key) {
		return errors.New(strings.ReplaceAll(err.Error(), r.key, "***"))
	}
	return err
}

// read takes the vectors out of an answer.
func (r *Remote) read(data []byte, texts int) ([]vector.Value, error) {
	var answer struct {
		Data []struct {
			Index     *int            `json:"index"`
			Embedding json.RawMessage `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("the answer is no list of vectors: %w", err)
	}
	if len(answer.Data) != texts {
		return nil, fmt.Errorf("the answer has %d vectors for %d texts", len(answer.Data), texts)
	}
	values := make([]vector.Value, texts)
	for i, d := range answer.Data {
		if d.Index != nil {
			i = *d.Index
		}
		if i < 0 || i >= texts || values[i] != nil {
			return nil, fmt.Errorf("the answer has the vector of text %d of %d twice, or of none", i, texts)
		}
		var v vector.Dense
		if bytes.IndexByte(d.Embedding, 'n') >= 0 { // null, which would read as 0
			return nil, fmt.Errorf("vector %d has something that is not a number", i)
		}
		if err := json.Unmarshal(d.Embedding, (*[]float32)(&v)); err != nil {
			return nil, fmt.Errorf("vector %d is no list of numbers: %w", i, err)
		}
		if len(v) == 0 || len(v) > vector.MaxDims || r.width > 0 && len(v) != r.width {
			return nil, fmt.Errorf("vector %d has %d numbers; the model's first had %d", i, len(v), r.width)
		}
		unit, ok := v.Unit()
		if !ok {
			return nil, fmt.Errorf("vector %d has no direction: all its numbers are 0, or too large", i)
		}
		values[i] = unit
	}
	return values, nil
}
