from .cuts import write_cuts as write_cuts
from .page import write_report as write_report
from .tables import comparison_table as comparison_table
from .tables import evaluation_table as evaluation_table
