package peer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// minJava is the oldest Java that Lucene 10 runs on.
const minJava = 21

// Dir returns the folder of the bench module: the working directory or the
// nearest folder above it that holds lucene/pom.xml.
func Dir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "lucene", "pom.xml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run this inside the bench folder of the repository: no lucene/pom.xml above the working directory")
		}
		dir = parent
	}
}

// Lucene returns the command that runs the Lucene peer with args, after
// building it with Maven where its sources are newer.
func Lucene(args ...string) (*exec.Cmd, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "lucene")
	home, err := javaHome()
	if err != nil {
		return nil, err
	}
	if err := buildLucene(dir, home); err != nil {
		return nil, err
	}
	target := filepath.Join(dir, "target")
	flags := []string{
		"-XX:+UseSerialGC", "-Xmx4g", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
		"-cp", filepath.Join(target, "classes") + string(os.PathListSeparator) + filepath.Join(target, "lib", "*"),
		"tamis.bench.Main",
	}
	return exec.Command(filepath.Join(home, "bin", "java"), append(flags, args...)...), nil
}

func buildLucene(dir, home string) error {
	built, err := os.Stat(filepath.Join(dir, "target", "lucene-peer-1.jar"))
	fresh := err == nil
	if fresh {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.Name() == "target" {
				return fs.SkipDir
			}
			info, err := d.Info()
			if err == nil && !d.IsDir() && info.ModTime().After(built.ModTime()) {
				fresh = false
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if fresh {
		return nil
	}
	cmd := exec.Command("mvn", "-q", "-B", "package")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "JAVA_HOME="+home)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the Lucene peer with Maven (mvn -q -B package in bench/lucene): %w\n%s", err, out)
	}
	return nil
}

// javaHome finds a Java development kit: $LUCENE_JAVA_HOME, else $JAVA_HOME,
// the newest under /usr/lib/jvm, the one whose java is on the path; all but
// the first only when they are new enough.
func javaHome() (string, error) {
	if home := os.Getenv("LUCENE_JAVA_HOME"); home != "" {
		return home, nil
	}
	if home := os.Getenv("JAVA_HOME"); javaVersion(home) >= minJava {
		return home, nil
	}
	best, version := "", minJava-1
	homes, err := filepath.Glob("/usr/lib/jvm/*")
	if err != nil {
		return "", err
	}
	if java, err := exec.LookPath("java"); err == nil {
		if java, err = filepath.EvalSymlinks(java); err == nil {
			homes = append(homes, filepath.Dir(filepath.Dir(java)))
		}
	}
	for _, home := range homes {
		if v := javaVersion(home); v > version {
			best, version = home, v
		}
	}
	if best == "" {
		return "", fmt.Errorf("no Java development kit of version %d or later found: install one and set LUCENE_JAVA_HOME to its folder", minJava)
	}
	return best, nil
}

var javaRelease = regexp.MustCompile(`(?m)^JAVA_VERSION="(\d+)`)

// javaVersion returns the feature release of a development kit, 0 if home is none.
func javaVersion(home string) int {
	if _, err := os.Stat(filepath.Join(home, "bin", "javac")); home == "" || err != nil {
		return 0
	}
	data, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		return 0
	}
	m := javaRelease.FindStringSubmatch(strings.ReplaceAll(string(data), "\r", ""))
	if m == nil {
		return 0
	}
	v, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return v
}
