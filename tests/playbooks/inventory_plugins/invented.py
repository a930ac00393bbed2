"""An inventory plugin of a site's own."""

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

DOCUMENTATION = """
name: invented
short_description: Hosts that are counted
description: Adds as many hosts as it is told to.
extends_documentation_fragment: [constructed]
options:
  plugin: {description: This plugin's name., required: true, choices: [invented]}
  count: {description: How many., type: int, default: 1}
  refuses: {description: Why it fails., type: str}
"""


class InventoryModule(BaseInventoryPlugin, Constructable):
    NAME = "invented"

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        inventory.add_group("invented")
        if self.get_option("refuses"):
            inventory.add_host("early", group="invented")
            raise AnsibleParserError(self.get_option("refuses"))
        self.display.warning("hosts are invented")
        inventory.set_variable("invented", "of_group", [1, {"two": None}])
        for number in range(self.get_option("count")):
            host = inventory.add_host("invented%d" % number, group="invented")
            inventory.set_variable(host, "number", number)
            inventory.set_variable(host, "looks_like_a_template", "{{ 1 + 1 }}")
            variables = inventory.get_host(host).get_vars()
            strict = self.get_option("strict")
            self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        # What other sources said can be built upon.
        for name in list(inventory.hosts):
            if "letters" in inventory.get_host(name).get_vars():
                inventory.add_child("invented", name)
                inventory.set_variable(name, "seen", True)
