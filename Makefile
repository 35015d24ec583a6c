# Everyday commands. All the work is in tests/lab (machines) and tests/estate (what is asked of the estate);
# here it only gets its names. Needs python3-venv; everything else is seen to.
SHELL := /bin/sh
# Whatever a laptop has sent along by SSH: this one every Debian has, and Ansible starts in no other that is not there.
export LC_ALL := C.UTF-8
PYTHON ?= python3
VENV := .lab/venv
RUN := $(VENV)/bin/python -m tests.lab
READY := $(VENV)/.installed

.DEFAULT_GOAL := help

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Raise a complete estate on this machine and put a real order through it
	@$(RUN) demo

test: $(READY) ## Every test, from nothing to nothing
	@$(RUN) test

check: $(READY) ## The fast part alone: lint and unit tests
	@$(RUN) check

bench: $(READY) ## Measurements of the running estate
	@$(VENV)/bin/python -m tests.bench

load: $(READY) ## Orders and pages for a minute, then the database's word on them; LOAD='--seconds 600' for more
	@$(VENV)/bin/python -m tests.load $(LOAD)

drills: $(READY) ## Every drill on the running estate under load; SCENARIO='edge_killed' for one, TIMES=1 for one more run of it, BARE=1 with Patroni's own times
	@$(VENV)/bin/python -m tests.drills $(SCENARIO) $(if $(TIMES),--times $(TIMES)) $(if $(BARE),--bare)

interruptions: $(READY) ## Playbooks killed inside their mutations, under load; PLAYBOOK='host_out', POINT='out_leased', LIST=1 for which there are
	@$(VENV)/bin/python -m tests.interruptions $(POINT) $(if $(PLAYBOOK),--playbook $(PLAYBOOK)) $(if $(LIST),--list)

replace-authority: $(READY) ## Another CA for the running estate and back, under load; a quarter of an hour
	@$(VENV)/bin/pytest --exitfirst --capture=no tests/estate/replace_authority.py

lab-up: $(READY) ## Machines and images, nothing on them yet
	@$(RUN) up

converge: $(READY) ## site.yml on the lab's machines
	@$(RUN) converge

lint: $(READY) ## Linters
sanity: $(READY) ## ansible-test sanity on the built artefact
unit: $(READY) ## Everything pure, by tables
controller-tests: $(READY) ## Playbooks that need no host
molecule: $(READY) ## Roles alone, on Debian 12 and 13
estate-tests: $(READY) ## What is asked of the running estate
lint sanity unit controller-tests molecule estate-tests:
	@$(RUN) $@

lab-images: $(READY) ## What of the images is missing or out of date
	@$(RUN) images

reference: $(READY) ## docs/reference.md anew, from the roles and modules themselves
	@$(VENV)/bin/python docs/reference.py

lab-status: $(READY) ## What of the lab exists
	@$(RUN) status

lab-stop: $(READY) ## Remove the machines, keep the built images
	@$(RUN) down

lab-down: ## Remove every trace: machines, images, the engine if the lab started it, .lab
	@# what is in the engine is the lab's by its label, whether .lab is still there or not
	@[ ! -d .lab ] && [ ! -S /var/run/docker.sock ] || { $(MAKE) --no-print-directory $(READY) && $(RUN) purge; }

lock: $(READY) ## Write down the versions of the virtual environment
	@{ echo "# Generated from requirements.txt by 'make lock': the versions the tests last ran with."; \
	   $(VENV)/bin/pip freeze --quiet; } > requirements.lock

$(READY): requirements.txt requirements.lock
	@echo "• Virtual environment (the first time this takes some two minutes)"
	@start=$$(date +%s) && mkdir -p .lab \
	 && { [ -x $(VENV)/bin/pip ] || $(PYTHON) -m venv $(VENV); } \
	 && $(VENV)/bin/pip install -qq --disable-pip-version-check --requirement requirements.txt --constraint requirements.lock \
	 && echo $$(( $$(date +%s) - start )) > .lab/venv.seconds
	@touch $@

.PHONY: lab-images help demo test check bench load drills interruptions replace-authority lab-up converge lint sanity unit controller-tests molecule estate-tests lab-status lab-stop lab-down lock reference
