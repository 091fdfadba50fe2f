//go:build linux

// Package nodes starts real nodes of OpenSearch for tests, stops and kills them.
//
// $TAMIS_OPENSEARCH_HOME is where a distribution lies (with the k-NN plugin, where that
// is to be tested), $TAMIS_OPENSEARCH_JAVA a JDK for it. Without the first a test is
// skipped with a line that says so, or fails with TAMIS_PEERS=1. Instead,
// $TAMIS_OPENSEARCH may name the address of a cluster that runs already: tests that stop
// its nodes are skipped.
package nodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is some nodes on loopback.
type Cluster struct {
	t     testing.TB
	dir   string
	home  string // of the distribution
	nodes []*node
	given string // address of one that was there
}

type node struct {
	number          int
	http, transport int // ports
	dir             string
	cmd             *exec.Cmd
	ended           chan struct{}
}

// Start starts a cluster of so many nodes, which end with the test.
func Start(t testing.TB, count int) *Cluster {
	t.Helper()
	if given := os.Getenv("TAMIS_OPENSEARCH"); given != "" {
		return &Cluster{t: t, given: given}
	}
	home := os.Getenv("TAMIS_OPENSEARCH_HOME")
	if home == "" {
		why := "no OpenSearch: set TAMIS_OPENSEARCH_HOME to the folder of a distribution, or TAMIS_OPENSEARCH to the address of a node"
		if os.Getenv("TAMIS_PEERS") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	dir, err := os.MkdirTemp("", "tamis-nodes")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, dir: dir, home: home}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.Kill(i)
		}
		_ = os.RemoveAll(dir)
	})
	if os.Getuid() == 0 && !open(home) {
		c.home = filepath.Join(dir, "home")
		if err := os.CopyFS(c.home, os.DirFS(home)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range count {
		c.nodes = append(c.nodes, &node{number: i + 1, http: port(t), transport: port(t)})
	}
	for _, n := range c.nodes {
		c.configure(n)
		c.run(n)
	}
	c.Wait(count)
	return c
}

func port(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// user is who runs nodes where root starts them: they refuse to be root's.
const user = 65534

// open says that everybody may enter a folder.
func open(dir string) bool {
	for {
		s, err := os.Stat(dir)
		if err != nil || s.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

func (c *Cluster) configure(n *node) {
	c.t.Helper()
	home := c.home
	n.dir = filepath.Join(c.dir, fmt.Sprint("node", n.number))
	if err := os.CopyFS(filepath.Join(n.dir, "config"), os.DirFS(filepath.Join(home, "config"))); err != nil {
		c.t.Fatal(err)
	}
	var names, seeds []string
	for _, n := range c.nodes {
		names = append(names, fmt.Sprint("node", n.number))
		seeds = append(seeds, fmt.Sprint("127.0.0.1:", n.transport))
	}
	conf := fmt.Sprintf(`cluster.name: tamis
node.name: node%d
network.host: 127.0.0.1
http.port: %d
transport.port: %d
path.data: %s/data
path.logs: %s/logs
# A disk that is nearly full is no matter for a test.
cluster.routing.allocation.disk.threshold_enabled: false
cluster.fault_detection.follower_check.interval: 300ms
cluster.fault_detection.follower_check.timeout: 3s
`, n.number, n.http, n.transport, n.dir, n.dir)
	if len(c.nodes) == 1 {
		conf += "discovery.type: single-node\n"
	} else {
		conf += fmt.Sprintf("cluster.initial_cluster_manager_nodes: [%s]\ndiscovery.seed_hosts: [%s]\n", strings.Join(names, ", "), strings.Join(seeds, ", "))
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(n.dir, "config", name), []byte(text), 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
	write("opensearch.yml", conf)
	options, err := os.ReadFile(filepath.Join(home, "config", "jvm.options"))
	if err != nil {
		c.t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(options)) {
		if strings.Contains(line, "gc.log") || strings.Contains(line, "HeapDump") || strings.Contains(line, "ErrorFile") || strings.HasPrefix(line, "-Xm") {
			continue
		}
		kept = append(kept, line)
	}
	write("jvm.options", strings.Join(kept, "")+"\n-Xms512m\n-Xmx512m\n")
	for _, sub := range []string{"data", "logs", "tmp"} {
		if err := os.MkdirAll(filepath.Join(n.dir, sub), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	for _, dir := range []string{c.dir, n.dir} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, user, user))
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *Cluster) run(n *node) {
	c.t.Helper()
	out, err := os.Create(filepath.Join(n.dir, "logs", "out.txt"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer out.Close()
	n.cmd = exec.Command(filepath.Join(c.home, "bin", "opensearch"))
	n.cmd.Dir, n.cmd.Stdout, n.cmd.Stderr = n.dir, out, out
	n.cmd.Env = append(os.Environ(), "OPENSEARCH_PATH_CONF="+filepath.Join(n.dir, "config"), "OPENSEARCH_TMPDIR="+filepath.Join(n.dir, "tmp"), "HOME="+n.dir)
	if java := os.Getenv("TAMIS_OPENSEARCH_JAVA"); java != "" {
		n.cmd.Env = append(n.cmd.Env, "OPENSEARCH_JAVA_HOME="+java)
	}
	n.cmd.SysProcAttr = attributes()
	if err := n.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	n.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(n.cmd, n.ended)
}

// Addresses of the nodes.
func (c *Cluster) Addresses() []string {
	if c.given != "" {
		return []string{c.given}
	}
	var all []string
	for _, n := range c.nodes {
		all = append(all, fmt.Sprint("http://127.0.0.1:", n.http))
	}
	return all
}

// Own skips a test where the nodes are not this package's to stop.
func (c *Cluster) Own(t testing.TB) {
	t.Helper()
	if c.given != "" {
		t.Skip("the cluster at TAMIS_OPENSEARCH runs by itself: its nodes are not stopped")
	}
}

// Kill ends node i at once; Stop lets it end.
func (c *Cluster) Kill(i int) { c.end(i, syscall.SIGKILL) }

// Stop lets node i end.
func (c *Cluster) Stop(i int) { c.end(i, syscall.SIGTERM) }

func (c *Cluster) end(i int, by syscall.Signal) {
	n := c.nodes[i]
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	_ = syscall.Kill(-n.cmd.Process.Pid, by)
	select {
	case <-n.ended:
	case <-time.After(time.Minute):
		_ = syscall.Kill(-n.cmd.Process.Pid, syscall.SIGKILL)
		<-n.ended
	}
}

// Restart starts a node that has ended; what it held is there.
func (c *Cluster) Restart(i int) { c.run(c.nodes[i]) }

// Pause stops node i from doing anything until Resume.
func (c *Cluster) Pause(i int) { _ = syscall.Kill(-c.nodes[i].cmd.Process.Pid, syscall.SIGSTOP) }

// Resume ends Pause.
func (c *Cluster) Resume(i int) { _ = syscall.Kill(-c.nodes[i].cmd.Process.Pid, syscall.SIGCONT) }

// Wait waits until so many nodes are one cluster, all of whose shards that can be are
// there.
func (c *Cluster) Wait(nodes int) {
	c.t.Helper()
	until := time.Now().Add(6 * time.Minute)
	last := ""
	for time.Now().Before(until) {
		for _, a := range c.Addresses() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/_cluster/health?wait_for_nodes=%d&wait_for_no_initializing_shards=true&wait_for_no_relocating_shards=true&timeout=10s", a, nodes), nil)
			res, err := http.DefaultClient.Do(req)
			if err == nil {
				answer, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode == http.StatusOK && strings.Contains(string(answer), fmt.Sprintf(`"number_of_nodes":%d,`, nodes)) {
					cancel()
					return
				}
				last = string(answer)
			}
			cancel()
		}
		time.Sleep(time.Second)
	}
	for _, n := range c.nodes {
		out, _ := os.ReadFile(filepath.Join(n.dir, "logs", "out.txt"))
		c.t.Logf("node %d: %s", n.number, out[max(0, len(out)-2000):])
	}
	c.t.Fatalf("%d nodes were not one cluster after 6 minutes: %s", nodes, last)
}
