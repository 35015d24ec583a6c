#!/bin/sh
# Makes a signed repository that holds the distribution's engine under a version of its own.
set -eu
mkdir -p /srv/repository/dists/own/main/binary-amd64 /srv/repository/pool
cd /srv/repository/pool
apt-get download -qq docker.io
dpkg-deb --raw-extract docker.io_*.deb engine
rm docker.io_*.deb
sed -i 's/^Version: .*/&+own1/' engine/DEBIAN/control
dpkg-deb --root-owner-group -Znone --build engine docker.io_own_amd64.deb >/dev/null
rm -r engine
cd ..
apt-ftparchive packages pool >dists/own/main/binary-amd64/Packages
apt-ftparchive -o APT::FTPArchive::Release::Suite=own -o APT::FTPArchive::Release::Codename=own \
    -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 \
    release dists/own >/tmp/Release
mv /tmp/Release dists/own/Release
export GNUPGHOME=/root/repository-key
mkdir -m 0700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key own@repository.test rsa3072 sign never
gpg --batch --armor --export >key.asc
gpg --batch --yes --clearsign --output dists/own/InRelease dists/own/Release
# the roles find no lists of packages, as on a fresh image
rm -rf /var/lib/apt/lists/*
